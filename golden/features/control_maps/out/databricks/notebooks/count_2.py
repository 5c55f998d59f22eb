# Databricks notebook source
# The task `count_2` of the pipeline `maps`, from pipeline.py line 43. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("count_2", dbutils)

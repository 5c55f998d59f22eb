# Databricks notebook source
# The task `count_5` of the pipeline `maps`, from pipeline.py line 56. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("count_5", dbutils)

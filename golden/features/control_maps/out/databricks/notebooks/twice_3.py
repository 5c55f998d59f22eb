# Databricks notebook source
# The task `twice_3` of the pipeline `maps`, from pipeline.py line 55. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("twice_3", dbutils)

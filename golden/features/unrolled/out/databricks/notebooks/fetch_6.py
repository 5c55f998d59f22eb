# Databricks notebook source
# The task `fetch_6` of the pipeline `unrolled`, from pipeline.py line 50. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("fetch_6", dbutils)

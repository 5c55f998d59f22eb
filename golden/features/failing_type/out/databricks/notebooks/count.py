# Databricks notebook source
# The task `count` of the pipeline `failing_type`, from pipeline.py line 20. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("count", dbutils)

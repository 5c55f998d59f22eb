# Databricks notebook source
# The task `guarded_try_1` of the pipeline `tries`, from pipeline.py line 33. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("guarded_try_1", dbutils)

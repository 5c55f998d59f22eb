# Databricks notebook source
# The task `cleanup` of the pipeline `failing_before`, from pipeline.py line 36. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("cleanup", dbutils)

# Databricks notebook source
# The task `source` of the pipeline `nested`, from pipeline.py line 61. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("source", dbutils)

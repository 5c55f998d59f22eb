# Databricks notebook source
# The task `describe_6` of the pipeline `values`, from pipeline.py line 169. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("describe_6", dbutils)

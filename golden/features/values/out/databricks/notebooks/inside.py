# Databricks notebook source
# The task `inside` of the pipeline `values`, from pipeline.py line 168. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("inside", dbutils)

# Databricks notebook source
# The task `integers` of the pipeline `values`, from pipeline.py line 159. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("integers", dbutils)

# Databricks notebook source
# The task `size` of the pipeline `artifacts`, from pipeline.py line 148. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("size", dbutils)

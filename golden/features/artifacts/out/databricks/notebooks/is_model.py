# Databricks notebook source
# The task `is_model` of the pipeline `artifacts`, from pipeline.py line 147. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("is_model", dbutils)

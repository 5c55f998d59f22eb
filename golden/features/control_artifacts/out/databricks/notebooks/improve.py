# Databricks notebook source
# The task `improve` of the pipeline `artifacts`, from pipeline.py line 57. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("improve", dbutils)

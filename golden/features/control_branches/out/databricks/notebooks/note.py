# Databricks notebook source
# The task `note` of the pipeline `branches`, from pipeline.py line 51. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("note", dbutils)

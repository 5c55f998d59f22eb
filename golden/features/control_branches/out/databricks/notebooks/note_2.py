# Databricks notebook source
# The task `note_2` of the pipeline `branches`, from pipeline.py line 59. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("note_2", dbutils)

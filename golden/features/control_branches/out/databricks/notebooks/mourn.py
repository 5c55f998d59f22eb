# Databricks notebook source
# The task `mourn` of the pipeline `branches`, from pipeline.py line 44. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("mourn", dbutils)

# Databricks notebook source
# The task `celebrate_3` of the pipeline `branches`, from pipeline.py line 52. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("celebrate_3", dbutils)

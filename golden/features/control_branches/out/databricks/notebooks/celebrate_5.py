# Databricks notebook source
# The task `celebrate_5` of the pipeline `branches`, from pipeline.py line 60. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("celebrate_5", dbutils)

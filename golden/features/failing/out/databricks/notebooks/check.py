# Databricks notebook source
# The task `check` of the pipeline `failing`, from pipeline.py line 31. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("check", dbutils)

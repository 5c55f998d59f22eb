# Databricks notebook source
# The task `sets_2` of the pipeline `values`, from pipeline.py line 165. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("sets_2", dbutils)

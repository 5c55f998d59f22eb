# Databricks notebook source
# The task `convert` of the pipeline `files`, from pipeline.py line 32. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("convert", dbutils)

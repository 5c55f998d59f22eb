# Databricks notebook source
# The task `words` of the pipeline `expressions`, from pipeline.py line 57. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("words", dbutils)

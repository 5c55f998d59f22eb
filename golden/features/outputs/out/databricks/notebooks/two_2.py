# Databricks notebook source
# The task `two_2` of the pipeline `outputs`, from pipeline.py line 69. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("two_2", dbutils)

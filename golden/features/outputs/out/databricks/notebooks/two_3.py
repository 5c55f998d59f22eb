# Databricks notebook source
# The task `two_3` of the pipeline `outputs`, from pipeline.py line 71. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("two_3", dbutils)

# Databricks notebook source
# The task `both` of the pipeline `outputs`, from pipeline.py line 74. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("both", dbutils)

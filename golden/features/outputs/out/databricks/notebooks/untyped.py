# Databricks notebook source
# The task `untyped` of the pipeline `outputs`, from pipeline.py line 86. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("untyped", dbutils)

# Databricks notebook source
# The task `shared` of the pipeline `mutation`, from pipeline.py line 89. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("shared", dbutils)

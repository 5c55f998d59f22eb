# Databricks notebook source
# The task `sort` of the pipeline `mutation`, from pipeline.py line 80. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("sort", dbutils)

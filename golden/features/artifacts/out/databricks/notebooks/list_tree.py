# Databricks notebook source
# The task `list_tree` of the pipeline `artifacts`, from pipeline.py line 143. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("list_tree", dbutils)

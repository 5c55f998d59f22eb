# Databricks notebook source
# The task `union_3` of the pipeline `signatures`, from pipeline.py line 46. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("union_3", dbutils)

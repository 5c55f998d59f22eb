# Databricks notebook source
# The task `real_3` of the pipeline `values`, from pipeline.py line 160. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("real_3", dbutils)

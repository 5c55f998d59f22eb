# Databricks notebook source
# The task `times_2` of the pipeline `values`, from pipeline.py line 167. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("times_2", dbutils)

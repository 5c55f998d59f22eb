# Databricks notebook source
# The task `any_of_6` of the pipeline `values`, from pipeline.py line 158. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("any_of_6", dbutils)

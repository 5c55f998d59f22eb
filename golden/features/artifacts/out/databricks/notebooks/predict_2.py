# Databricks notebook source
# The task `predict_2` of the pipeline `artifacts`, from pipeline.py line 147. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("predict_2", dbutils)

# Databricks notebook source
# The task `fit_2` of the pipeline `artifacts`, from pipeline.py line 60. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("fit_2", dbutils)

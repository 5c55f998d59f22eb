# Databricks notebook source
# The task `plus` of the pipeline `unrolled`, from pipeline.py line 53. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("plus", dbutils)

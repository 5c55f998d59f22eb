# Databricks notebook source
# The task `start` of the pipeline `order`, from pipeline.py line 64. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("start", dbutils)

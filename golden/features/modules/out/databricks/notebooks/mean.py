# Databricks notebook source
# The task `mean` of the pipeline `modules`, from pipeline.py line 59. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("mean", dbutils)

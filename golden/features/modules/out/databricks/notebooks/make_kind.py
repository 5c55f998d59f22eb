# Databricks notebook source
# The task `make_kind` of the pipeline `modules`, from pipeline.py line 57. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("make_kind", dbutils)

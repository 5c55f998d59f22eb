# Databricks notebook source
# The task `read_2` of the pipeline `mutation`, from pipeline.py line 90. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("read_2", dbutils)

# Databricks notebook source
# The task `load_2` of the pipeline `main`, from pipeline.py line 30. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("load_2", dbutils)

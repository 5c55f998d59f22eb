# Databricks notebook source
# The task `join_2` of the pipeline `main`, from pipeline.py line 67. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("join_2", dbutils)

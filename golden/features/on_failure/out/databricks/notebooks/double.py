# Databricks notebook source
# The task `double` of the pipeline `main`, from pipeline.py line 28. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("double", dbutils)

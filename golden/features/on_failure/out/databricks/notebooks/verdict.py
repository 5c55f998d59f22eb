# Databricks notebook source
# The task `verdict` of the pipeline `main`, from pipeline.py line 27. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("verdict", dbutils)

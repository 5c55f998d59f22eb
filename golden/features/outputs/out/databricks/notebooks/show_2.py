# Databricks notebook source
# The task `show_2` of the pipeline `outputs`, from pipeline.py line 77. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("show_2", dbutils)

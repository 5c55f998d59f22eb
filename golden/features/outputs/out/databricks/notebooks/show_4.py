# Databricks notebook source
# The task `show_4` of the pipeline `outputs`, from pipeline.py line 78. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("show_4", dbutils)

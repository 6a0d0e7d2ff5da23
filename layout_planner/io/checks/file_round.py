"""Round 1, file by file: these are met while the files are read (`reading`, `sheet`)."""

from __future__ import annotations

from layout_planner.io.checks.model import Check

GLYPHS = "glyphs"  # told where pages are drawn (`pipeline.check`): reading needs no fonts

CHECKS = (
    Check("settings", "file", "error", "county.toml 的设置写对了", "Settings of county.toml are right",
          codes=("setting_bad", "toml_bad", "toml_beyond")),
    Check("file_there", "file", "error", "必需的文件都在", "Every file that is needed is there", codes=("file_missing",)),
    Check("file_readable", "file", "error", "文件能读出来", "Files can be read",
          codes=("file_unreadable", "file_not_regular", "layer_unsafe", "layer_open")),
    Check("file_size", "file", "error", "文件大小正常", "Files are of a normal size",
          codes=("file_too_large", "table_too_wide", "table_too_long", "table_too_large", "layer_too_large")),
    Check("excel_in_place", "file", "error", "没有用 Excel 工作簿代替文本表", "No workbook stands where a table of text should"),
    Check("encoding", "file", "error", "编码是 UTF-8，没有混用", "Encoding is UTF-8 and not mixed",
          codes=("encoding_mixed", "encoding_other")),
    Check("text_garbled", "file", "warning", "名称里没有乱码", "No garbled characters in names"),
    Check("rows_there", "file", "error", "表里有数据行", "Tables have rows", codes=("file_empty", "table_empty")),
    Check("separator", "file", "notice", "分隔符是逗号", "Cells are separated by commas", codes=("separator_other",)),
    Check("title_above_header", "file", "warning", "第一行就是表头", "The header is the first line"),
    Check("header_merged", "file", "error", "表头只有一行，没有合并单元格", "The header is one line, no merged cells"),
    Check("header_labels", "file", "notice", "表头用英文列名", "The header has the English names"),
    Check("columns_there", "file", "error", "必填的列都在", "Every required column is there", codes=("column_missing",)),
    Check("column_twice", "file", "error", "没有重复的列", "No column twice"),
    Check("column_unknown", "file", "notice", "没有不认识的列", "No unknown column",
          codes=("column_unknown", "column_unnamed")),
    Check("row_cells", "file", "error", "每行单元格不多于表头", "No row has more cells than the header"),
    Check("header_again", "file", "warning", "表头没有在中间再出现", "The header is not repeated below"),
    Check("rows_aside", "file", "notice", "没有空行和表下注", "No blank lines or notes among the rows",
          codes=("row_blank", "row_note")),
    Check("totals", "file", "error", "合计、小计与明细之和一致", "Totals equal the sum of their rows",
          codes=("total_differs", "subtotal_differs", "row_total")),
    Check("values", "file", "error", "每格的类型和取值范围对", "Every cell has the right type and range",
          codes=("value_bad",)),
    Check("plain_numbers", "file", "notice", "数里没有带单位", "No units in numbers", codes=("unit_in_cell",)),
    Check("values_there", "file", "error", "必填的格没有空着", "No required cell is empty", codes=("value_missing",)),
    Check("code_as_number", "file", "error", "代码没有被 Excel 改成数字", "No code became a number in Excel"),
    Check("excel_dates", "file", "error", "年级段和日期没有被 Excel 改写", "No band or day was rewritten by Excel",
          codes=("excel_date", "excel_serial")),
    Check("code_digits", "file", "error", "代码位数对，没有丢位", "Codes have all their digits"),
    Check("code_spaces", "file", "error", "代码中间没有空格", "No spaces inside codes"),
    Check("key_twice", "file", "error", "主键（标识码等）不重复", "No key (school code and the like) twice"),
    Check("geometry", "file", "error", "图形不缺、类型对", "Geometry is there and of the right kind",
          codes=("geometry_missing",)),
    Check("road_layer", "file", "warning", "道路图层只有一个，图形可用", "One layer of roads, with usable lines",
          codes=("road_dropped", "roads_twice")),
    Check("osm", "file", "notice", "OpenStreetMap 标签读得懂", "Tags of OpenStreetMap can be read",
          codes=("osm_unreadable", "osm_unused", "osm_cut")),
    Check(GLYPHS, "file", "notice", "字都在随附字体中", "Every character is in the shipped font", codes=("glyph_missing",)),
)  # fmt: skip

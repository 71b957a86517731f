/* uki/json.h - JSON reports are written with the library's writer. */
#ifndef CB_UKI_JSON_H
#define CB_UKI_JSON_H

#include "codec/json_write.h"

#endif

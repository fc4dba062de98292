/* AutoSec firewall plugins as native libraries, version 0.1 of the binary interface.
 *
 * A plugin is a shared library that exports one table, `AUTOSEC_FIREWALL_V0`. What crosses the border are bytes: postcard
 * for Rust (the crate `autosec-plugin` does all of this), JSON for everybody else. docs/plugins.md is the guide,
 * wit/firewall.wit the interface that the JSON follows.
 *
 * JSON: a record is an object with the names of wit/firewall.wit, `_` for `-`; a case of an enum or variant is its name in
 * camel case ("RateLimited", {"Other": "why"}); none is null; a result is {"Ok": value} or {"Err": value}; bytes are a
 * text or a list of numbers, a body that is no UTF-8 comes as the latter; nothing is null. Arguments are a list:
 *
 *   AUTOSEC_BLOCK gets   [{"correlation_id": "7", "deadline_ms": 5000, "dry_run": false},
 *                         [{"target": "203.0.113.7", "ttl_secs": 3600, "reason": "", "idempotency_key": "k", "extra": []}]]
 *   and answers          [{"Ok": {"effect": "Applied", "remote_id": null, "detail": null, "extra": []}}]
 *
 * Rules: a buffer is freed by its producer's `free`. What is passed in is lent for the call. Calls of one instance come one
 * after another, from the thread that created it; the host is asked within a call and from that thread alone. No exception
 * and no panic leaves a function. The library is never unloaded.
 */
#ifndef AUTOSEC_PLUGIN_H
#define AUTOSEC_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Major in the upper half, minor in the lower. A host takes its own major and minors up to its own. */
#define AUTOSEC_ABI UINT32_C(0x00000001)

#define AUTOSEC_POSTCARD 0
#define AUTOSEC_JSON 1

/* How a call went. With AUTOSEC_PANIC the answer is words for the host's log; with the others there is none. */
#define AUTOSEC_OK 0
#define AUTOSEC_PANIC (-1)
#define AUTOSEC_WRONG_ABI (-2)     /* the host's table is of another version */
#define AUTOSEC_POISONED (-3)      /* an earlier call panicked */
#define AUTOSEC_ARGUMENTS (-4)     /* the arguments are not what the operation takes */
#define AUTOSEC_OPERATION (-5)     /* there is no such operation */
#define AUTOSEC_OVER (-6)          /* from the host: the call is over */

/* What a plugin is asked. */
enum autosec_operation {
    AUTOSEC_DESCRIBE = 0,          /* [] -> metadata; without an instance too */
    AUTOSEC_CONFIG_SCHEMA = 1,     /* [] -> a text, the JSON Schema of the configuration; without an instance too */
    AUTOSEC_BLOCK = 2,             /* [context, entries] -> a list of results of outcome and failure, one an entry */
    AUTOSEC_UNBLOCK = 3,           /* [context, targets] -> the same, one a target */
    AUTOSEC_LIST_BLOCKED = 4,      /* [context, cursor or null, limit] -> result of page and failure */
    AUTOSEC_CHECK_HEALTH = 5,      /* [context] -> result of health and failure */
    AUTOSEC_CONFIGURE = 6          /* [configuration] -> result of null and failure, after which the earlier one holds */
};

/* What a host is asked. */
enum autosec_question {
    AUTOSEC_HTTP = 0,              /* [http-request] -> result of http-response and transport-error */
    AUTOSEC_EXEC = 1,              /* [command] -> result of command-result and transport-error */
    AUTOSEC_SESSION_EXEC = 2,      /* [session, lines, milliseconds or null] -> result of lines and transport-error */
    AUTOSEC_LOG = 3,               /* [level, message] -> null */
    AUTOSEC_NOW_MS = 4,            /* [] -> milliseconds since 1970 */
    AUTOSEC_RANDOM_U64 = 5,        /* [] -> a number */
    AUTOSEC_KV_GET = 6,            /* [key] -> result of bytes or null, and kv-error */
    AUTOSEC_KV_SET = 7,            /* [key, bytes] -> result of null and kv-error */
    AUTOSEC_KV_DELETE = 8          /* [key] -> result of null and kv-error */
};

/* Bytes that one side made and the other reads. */
typedef struct autosec_buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;                              /* the producer's own */
    void (*free)(struct autosec_buf *buf);   /* called once by the reader; null if there is nothing to free */
} autosec_buf;

/* The host, lent for the creation of an instance: copy it. `ctx` outlives the instance. */
typedef struct autosec_host_v0 {
    uint32_t size;                           /* of this table, in bytes: at least sizeof(autosec_host_v0) */
    uint32_t abi;                            /* of the host: its major is yours, its minor at least yours */
    void *ctx;
    int32_t (*call)(void *ctx, uint32_t question, const uint8_t *args, size_t len, autosec_buf *out);
} autosec_host_v0;

/* The plugin. No pointer is null. */
typedef struct autosec_plugin_v0 {
    uint8_t magic[8];                        /* "AUTOSEC" and a zero */
    uint32_t size;                           /* sizeof(autosec_plugin_v0) */
    uint32_t abi;                            /* AUTOSEC_ABI */
    uint32_t encoding;                       /* AUTOSEC_JSON */
    uint32_t reserved;                       /* 0 */

    /* Makes an instance from a configuration, a JSON text without a zero at its end. The answer is a result of null and
     * failure; `*instance` is set only if it is the former. */
    int32_t (*create)(const autosec_host_v0 *host, const uint8_t *config, size_t len, autosec_buf *out,
                      void **instance);
    /* `instance` is null for the operations that need none. `args` may be null if `len` is 0. */
    int32_t (*call)(void *instance, uint32_t operation, const uint8_t *args, size_t len, autosec_buf *out);
    void (*destroy)(void *instance);
} autosec_plugin_v0;

#if defined(_WIN32)
__declspec(dllexport)
#endif
extern const autosec_plugin_v0 AUTOSEC_FIREWALL_V0;

#ifdef __cplusplus
}
#endif

#endif

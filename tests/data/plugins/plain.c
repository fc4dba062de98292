/* A plugin in C, as small as one can be: it blocks by asking its host for an exchange, and keeps nothing. */
#include "autosec_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    autosec_host_v0 host;
} instance_t;

static void release(autosec_buf *buf) {
    free(buf->ptr);
    memset(buf, 0, sizeof *buf);
}

static int32_t answer(autosec_buf *out, const char *text) {
    size_t len = strlen(text);
    out->ptr = malloc(len);
    if (out->ptr == NULL) {
        return AUTOSEC_PANIC;
    }
    memcpy(out->ptr, text, len);
    out->len = out->cap = len;
    out->free = release;
    return AUTOSEC_OK;
}

/* Copies lent bytes, since they have no zero at their end. */
static char *text_of(const uint8_t *bytes, size_t len) {
    char *text = malloc(len + 1);
    if (text != NULL) {
        memcpy(text, bytes, len);
        text[len] = 0;
    }
    return text;
}

static int32_t create(const autosec_host_v0 *host, const uint8_t *config, size_t len, autosec_buf *out,
                      void **made) {
    if (host == NULL || host->abi >> 16 != AUTOSEC_ABI >> 16 || host->size < sizeof *host) {
        return AUTOSEC_WRONG_ABI;
    }
    if (len == 0 || config[0] != '{') {
        return answer(out, "{\"Err\":{\"kind\":\"InvalidConfig\",\"message\":\"it is no object\","
                           "\"retry_after_ms\":null,\"extra\":[]}}");
    }
    instance_t *instance = malloc(sizeof *instance);
    if (instance == NULL) {
        return AUTOSEC_PANIC;
    }
    instance->host = *host;
    *made = instance;
    return answer(out, "{\"Ok\":null}");
}

static int32_t block(instance_t *instance, const char *arguments, autosec_buf *out) {
    static const char request[] = "[{\"method\":\"PUT\",\"url\":\"https://edge.example/\",\"headers\":[],"
                                  "\"body\":\"all\",\"timeout_ms\":null,\"secrets\":[]}]";
    autosec_buf got = {0};
    int32_t code = instance->host.call(instance->host.ctx, AUTOSEC_HTTP, (const uint8_t *)request,
                                       sizeof request - 1, &got);
    char *response = text_of(got.ptr, got.len);
    const char *effect = code == AUTOSEC_OK && response && strstr(response, "\"status\":201") ? "Applied" : "Already";
    free(response);
    if (got.free != NULL) {
        got.free(&got);
    }
    char result[4096] = "[";
    for (const char *at = arguments; (at = strstr(at, "\"target\"")) != NULL; at++) {
        size_t used = strlen(result);
        snprintf(result + used, sizeof result - used,
                 "%s{\"Ok\":{\"effect\":\"%s\",\"remote_id\":null,\"detail\":null,\"extra\":[[\"in\",\"c\"]]}}",
                 used > 1 ? "," : "", effect);
    }
    strncat(result, "]", sizeof result - strlen(result) - 1);
    return answer(out, result);
}

static int32_t call(void *made, uint32_t operation, const uint8_t *bytes, size_t len, autosec_buf *out) {
    switch (operation) {
    case AUTOSEC_DESCRIBE:
        return answer(out,
                      "{\"name\":\"plain\",\"vendor\":\"nobody\",\"version\":\"1\",\"ipv4\":{\"shortest\":32,"
                      "\"longest\":32},\"ipv6\":null,\"features\":{\"ttl\":false,\"listing\":false,\"native_batch\":true,"
                      "\"atomic\":false,\"dry_run\":false,\"commit_required\":false},\"limits\":{\"max_batch\":9,"
                      "\"max_entries\":null,\"max_ttl_secs\":null,\"min_interval_ms\":0},\"extra\":[]}");
    case AUTOSEC_CONFIG_SCHEMA:
        return answer(out, "\"{\\\"type\\\":\\\"object\\\"}\"");
    case AUTOSEC_BLOCK: {
        char *arguments = text_of(bytes, len);
        if (made == NULL || arguments == NULL) {
            free(arguments);
            return AUTOSEC_ARGUMENTS;
        }
        int32_t code = block(made, arguments, out);
        free(arguments);
        return code;
    }
    case AUTOSEC_CHECK_HEALTH:
        return answer(out, "{\"Ok\":{\"state\":\"Healthy\",\"detail\":\"\",\"latency_us\":null}}");
    default:
        return AUTOSEC_OPERATION;
    }
}

static void destroy(void *instance) {
    free(instance);
}

const autosec_plugin_v0 AUTOSEC_FIREWALL_V0 = {
    .magic = "AUTOSEC",
    .size = sizeof(autosec_plugin_v0),
    .abi = AUTOSEC_ABI,
    .encoding = AUTOSEC_JSON,
    .create = create,
    .call = call,
    .destroy = destroy,
};

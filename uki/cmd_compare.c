/* uki/cmd_compare.c - `cloud-boot compare-versions`: the order that the chooser uses, UAPI.10. */
#include "boot/vercmp.h"
#include "codec/json_write.h"
#include "uki/host.h"

#define STATUS_GREATER 11
#define STATUS_LESS    12

struct args {
	bool json;
};

static const struct cb_opt opts[] = {
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

/* The operators' names and signs, and for which results they hold. */
static const struct {
	const char *name, *sign;
	bool less, equal, greater;
} ops[] = {
	{ "lt", "<",  true,  false, false }, { "le", "<=", true,  true,  false },
	{ "eq", "==", false, true,  false }, { "ne", "!=", true,  false, true },
	{ "ge", ">=", false, true,  true },  { "gt", ">",  false, false, true },
};

static int holds(struct cb_host *h, const char *op, int order)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (cb_str_eq(cb_str_c(op), cb_str_c(ops[i].name)) ||
		    cb_str_eq(cb_str_c(op), cb_str_c(ops[i].sign)))
			return order < 0 ? ops[i].less : order > 0 ? ops[i].greater : ops[i].equal;
	return cb_host_usage(h, "unknown operator '%s': lt, le, eq, ne, ge, gt or "
			    "<, <=, ==, !=, >=, >", op);
}

static int print(struct cb_host *h, const struct args *a, const char *x, const char *sign,
		 const char *y, int order)
{
	struct cb_buf b;

	cb_buf_init(&b, &h->env, 4u << 20);
	if (a->json) {
		struct cb_json j = { &b, false };

		cb_json_open(&j, NULL, '{');
		cb_json_str(&j, "a", cb_str_c(x));
		cb_json_str(&j, "b", cb_str_c(y));
		cb_json_int(&j, "order", order);
		cb_json_close(&j, '}');
		cb_buf_fmt(&b, "\n");
	} else {
		cb_buf_fmt(&b, "%s %s %s\n", x, sign, y);
	}

	int r = cb_buf_status(&b);

	cb_host_print(&b);
	cb_buf_fini(&b);
	return r;
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	const char *x = operands->v[0], *y = operands->v[operands->n - 1];
	int order = cb_vercmp(cb_str_c(x), cb_str_c(y));

	order = (order > 0) - (order < 0);
	if (operands->n == 3) {
		int r = holds(h, operands->v[1], order);

		return r < 0 ? r : r > 0 ? 0 : 1;
	}

	static const char *const signs[] = { "<", "==", ">" };
	static const int status[] = { STATUS_LESS, 0, STATUS_GREATER };
	int r = print(h, args, x, signs[order + 1], y, order);

	return r < 0 ? r : status[order + 1];
}

const struct cb_cmd cb_cmd_compare = {
	.name = "compare-versions", .operands = "A [OPERATOR] B",
	.summary = "compare two versions as the boot chooser does",
	.about = "Without an operator, the order is printed ('A < B') and is the exit status: 12 when "
		"A is older, 0 when both are the same version, 11 when A is newer.\n\n"
		"With an operator (lt, le, eq, ne, ge, gt, or the signs <, <=, ==, !=, >=, >, quoted "
		"from the shell) nothing is printed, and the exit status is 0 when it holds and 1 when "
		"it doesn't.\n\n"
		"The order is that of the UAPI Version Format Specification (UAPI.10).",
	.examples = "cloud-boot compare-versions 6.9.7 6.12.1\n"
		"cloud-boot compare-versions 6.12~rc1 lt 6.12 && echo older",
	CB_OPTS(opts), .min_operands = 2, .max_operands = 3, .args_size = sizeof(struct args),
	.run = run,
};

/* tests/unit/test_stage_guard.c - a firmware that doesn't do what it was told ends in a report. */
#include "unit/stage_kit.h"

static struct kit kit;

static const struct kit_target debian = { "debian", 1, 300, 400 }, newer = { "debian", 2, 310, 390 },
			       fedora = { "fedora", 1, 250, 300 };

static void verdicts(struct cb_check *t)
{
	struct cb_stage_guard g = { .target = CB_STR("a"), .when = 5000, .times = 1 };

	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 5000), CB_STAGE_AGAIN);
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("A"), 5899), CB_STAGE_AGAIN);
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 5900), CB_STAGE_FRESH);
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("b"), 5000), CB_STAGE_FRESH);
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 4000), CB_STAGE_AGAIN);
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 0), CB_STAGE_AGAIN);
	g.times = 2;
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 5001), CB_STAGE_STOP);
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("b"), 5001), CB_STAGE_FRESH);
	g.times = 0;
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 5001), CB_STAGE_FRESH);
	g = (struct cb_stage_guard){ .target = CB_STR("a"), .when = 0, .times = 2 };
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 0), CB_STAGE_STOP);
	CB_CHECK_INT(t, cb_stage_judge(&g, CB_STR("a"), 1600000000), CB_STAGE_FRESH);
}

/* -bios without pflash: every reset forgets. */
static void forgetful(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_CHECK(t, memvar_find(&kit.vars, CB_STR("BootNext"), cb_efi_global) == NULL);
	memvars_init(&kit.vars, t->env);
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 60));
	CB_CHECK(t, kit.stage.again);
	CB_CHECK(t, memvar_find(&kit.vars, CB_STR("BootNext"), cb_efi_global) != NULL);
	memvars_init(&kit.vars, t->env);
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 60), CB_ELOOP, "our boot entry is gone");
	CB_CHECK_INT(t, kit.stage.trouble, CB_STAGE_LOOP);
	CB_CHECK_INT(t, kit.mem.writes, 0);
	CB_CHECK_INT(t, kit.vars.sets, 0);
	/* It stays so, until time has passed; another target is another matter. */
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 60), CB_ELOOP, "2 times");
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, CB_STAGE_WINDOW));
	CB_CHECK(t, !kit.stage.again);
	CB_REQUIRE_OK(t, kit_again(&kit, &fedora, 60));
	CB_CHECK(t, !kit.stage.again);
}

/* Variables are kept and not obeyed: then a variable counts, and the disk is never written. */
static void stubborn(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 86400));
	CB_CHECK(t, kit.stage.kept && !kit.stage.again && kit.mem.writes == 0);
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 60));
	CB_CHECK(t, kit.stage.again && kit.mem.writes == 0);
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 60), CB_ELOOP, "Boot0001 is there and first in BootOrder");
	/* Somebody's order. */
	CB_CHECK_INT(t, kit.vars.v.ops->set(&kit.vars.v, CB_STR("BootOrder"), cb_efi_global, CB_VAR_USUAL,
					    (struct cb_bytes){ (const uint8_t *)"\2\0\1\0", 4 }), 0);
	CB_CHECK_INT(t, kit.vars.v.ops->set(&kit.vars.v, CB_STR("BootNext"), cb_efi_global, CB_VAR_USUAL,
					    (struct cb_bytes){ NULL, 0 }), 0);
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 60), CB_ELOOP, "no longer first");
	/* The system came up after all, and was updated. */
	CB_REQUIRE_OK(t, kit_again(&kit, &newer, 60));
	CB_CHECK(t, !kit.stage.again && kit_has(&kit, &newer, "debian"));
}

/* No room for the counting variable: the note counts. */
static void full_store(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	mem_restart(&kit.mem);
	kit.now += 60;
	kit.vars.fail_set = 1;
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_CHECK(t, kit.stage.again && kit.stage.kept && kit.mem.writes > 0);
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 60), CB_ELOOP, "2 times");
}

static void on_trial(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	kit.once = true;
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_CHECK(t, memvar_find(&kit.vars, CB_STR("BootNext"), cb_efi_global) != NULL);
	for (unsigned i = 0; i < 2; i++) {
		/* The firmware takes it at each start. */
		CB_CHECK_INT(t, kit.vars.v.ops->set(&kit.vars.v, CB_STR("BootNext"), cb_efi_global,
						    CB_VAR_USUAL, (struct cb_bytes){ NULL, 0 }), 0);
		if (i == 0)
			CB_REQUIRE_OK(t, kit_again(&kit, &debian, 60));
	}
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 60), CB_ELOOP, "BootNext was taken");
}

/* Without variables the file is all there is: coming back once is enough. */
static void without_variables(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	kit.no_vars = true;
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 60), CB_ELOOP, "doesn't start the cache disk by itself");
	CB_CHECK_INT(t, kit.stage.trouble, CB_STAGE_NO_VARS);
}

/* Clocks that were never set: the note alone counts. */
static void without_clock(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	kit.now = 0;
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 0));
	CB_CHECK(t, kit.stage.again);
	CB_CHECK_ERR(t, kit_again(&kit, &debian, 0), CB_ELOOP, "2 times");
}

/* A file that our entry names is about to go: the entry is taken out of the order before. */
static void disarms_first(struct cb_check *t)
{
	struct memvar *order;

	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	kit.mem.fail_at = 0;
	mem_restart(&kit.mem);
	kit.now += 60;
	kit.vars.sets = 0;
	kit.vars.fail_set = 2; /* disarming comes through, placing doesn't */
	CB_CHECK_ERR(t, kit_run(&kit, &newer), CB_ELIMIT, "demanded");
	CB_CHECK_INT(t, kit.stage.trouble, CB_STAGE_NO_VARS);
	order = memvar_find(&kit.vars, CB_STR("BootOrder"), cb_efi_global);
	CB_CHECK(t, order == NULL || order->n == 0);
	CB_CHECK(t, kit_has(&kit, &newer, "debian"));
	/* A firmware that refuses to: the order of the files is safe without. */
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 60));
	mem_restart(&kit.mem);
	kit.vars.fail_set = 1;
	CB_REQUIRE_OK(t, kit_run(&kit, &newer));
}

CB_SUITE(stage_guard, CB_TEST(verdicts), CB_TEST(forgetful), CB_TEST(stubborn), CB_TEST(full_store),
	 CB_TEST(on_trial), CB_TEST(without_variables), CB_TEST(without_clock), CB_TEST(disarms_first));

"""Personas from the command line, in the small shop."""


def test_a_model_is_shown_with_its_personas(in_shop):
    served = in_shop("models", "list", "--json").json["served"]
    found = in_shop("models", "show", served, "--json").json["metrics"]["personas"]
    assert [(one["persona_id"], one["name"], one["customers"]) for one in found["personas"]] == [(1, "everybody", 40)]
    assert found["tried"][1]["objection"] == "40 customers are fewer than 2 times 30"
    plain = in_shop("models", "show", served).out
    assert "everybody" in plain
    assert "40 customers are fewer than 2 times 30" in plain


def test_a_list_for_a_persona_is_asked_for_by_its_id(in_shop):
    found = in_shop("recommend", "stranger", "--persona", "1", "--k", "3").lines
    assert len(found[0]["items"]) == 3
    in_shop("recommend", "stranger", "--persona", "9").failed(2, "--persona")

import pytest
import timm

from apparel_eye.errors import UsageError
from apparel_eye.networks.licenses import check_license


@pytest.mark.fault(112)
@pytest.mark.parametrize(
    ("name", "license_name", "others"),
    [
        ("resnext101_32x4d.fb_swsl_ig1b_ft_in1k", "cc-by-nc-4.0", "resnext101_32x4d.gluon_in1k"),
        ("resnext101_32x4d", "cc-by-nc-4.0", "resnext101_32x4d.gluon_in1k"),
        ("regnety_320.seer", "seer-license", "regnety_320.tv2_in1k"),
        ("fastvit_mci0.apple_mclip", "apple-amlr", "another architecture"),
        ("convnext_tiny.eupe_lvd1689m", "fair-noncommercial-research-license", "convnext_tiny.in12k"),
    ],
)
def test_weights_for_non_commercial_use_need_a_yes(name: str, license_name: str, others: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_license(name, accept_non_commercial=False)
    for part in (f"weights of {name} ", f"({license_name})", "--params train.accept_non_commercial=true", others):
        assert part in str(caught.value)
    check_license(name, accept_non_commercial=True)


@pytest.mark.fault(112)
def test_each_proposed_backbone_may_be_used() -> None:
    with pytest.raises(UsageError) as caught:
        check_license("resnext101_32x4d.fb_swsl_ig1b_ft_in1k", accept_non_commercial=False)
    proposed = str(caught.value).partition("set train.backbone to ")[2].split(" or ")
    assert proposed
    for name in proposed:
        assert name in timm.list_pretrained("resnext101_32x4d.*")
        check_license(name, accept_non_commercial=False)


@pytest.mark.parametrize("name", ["resnext101_64x4d.c1_in1k", "tf_efficientnet_lite0", "mobileone_s0"])
def test_other_licenses_are_no_hindrance(name: str) -> None:
    check_license(name, accept_non_commercial=False)

"""Made-up facets of an organisation's followers: each covers less than the total."""

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._linkedin.wire import JSON
from analytics_sync.simulator.world import SimulatedAccount, World

# LinkedIn docs: Organization Follower Statistics. The numbers of the URNs mean countries, trades
# and ranks at LinkedIn; here they only have to look alike.
_FACETS = {
    "followerCountsByAssociationType": ("associationType", "{}", ("EMPLOYEE",)),
    "followerCountsByGeoCountry": ("geo", "urn:li:geo:{}", (105015875, 103644278, 101165590)),
    "followerCountsByGeo": ("geo", "urn:li:geo:{}", (90009659, 90000070)),
    "followerCountsByFunction": ("function", "urn:li:function:{}", (8, 12, 15, 25)),
    "followerCountsByIndustry": ("industry", "urn:li:industry:{}", (4, 6, 96)),
    "followerCountsBySeniority": ("seniority", "urn:li:seniority:{}", (3, 4, 5, 8)),
    "followerCountsByStaffCountRange": ("staffCountRange", "{}", ("SIZE_2_TO_10", "SIZE_11_TO_50")),
}


def follower_facets(world: World, account: SimulatedAccount) -> JSON:
    """The seven facets of the lifetime statistics; paid followers are counted as organic."""
    followers = world.followers(account)
    return {
        facet: [
            {
                "followerCounts": {
                    "organicFollowerCount": int(
                        followers * fraction(world.seed, account.id, facet, value) / len(values)
                    ),
                    "paidFollowerCount": 0,
                },
                key: form.format(value),
            }
            for value in values
        ]
        for facet, (key, form, values) in _FACETS.items()
    }

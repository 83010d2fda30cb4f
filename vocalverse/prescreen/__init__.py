"""Before anything judges artistry: is it singing, and near enough to be judged? Rules as data, and scores of pitch and rhythm."""

//! What columns are called, folded, in English, French, Spanish and Portuguese. Little words are not counted.

use super::Field;
use crate::directory::fold::fold;

/// What a column of this name holds.
pub(super) fn field(name: &str) -> Option<Field> {
    let whole = known(name);
    // "Ville / City", "Latitude (GPS)": the parts, when they do not speak of two things.
    let mut parts = name.split(['/', '|', '(', ')', ':']).filter_map(known);
    let first = parts.next();
    whole.or_else(|| first.filter(|first| parts.all(|other| other == *first)))
}

/// Whether a column speaks of a person.
pub(super) fn is_person(name: &str) -> bool {
    let folded = fold(name);
    let has = |words: &[&str]| folded.split(' ').any(|word| words.contains(&word));
    known(name).is_none()
        && (has(PERSONS)
            || (has(&["contact", "contacto", "contato"]) && has(&["nom", "name", "nombre", "nome"])))
}

fn known(name: &str) -> Option<Field> {
    let folded = fold(name);
    let words: Vec<&str> = folded.split(' ').filter(|word| !LITTLE.contains(word)).collect();
    let words = words.join(" ");
    COLUMNS.iter().find(|(_, names)| names.contains(&words.as_str())).map(|(field, _)| *field)
}

const LITTLE: &[&str] = &[
    "a", "au", "d", "da", "das", "de", "del", "des", "do", "dos", "du", "e", "el", "en", "et", "in", "l",
    "la", "las", "le", "les", "los", "o", "of", "the", "y", "and",
];

const PERSONS: &[&str] = &[
    "apellido",
    "apellidos",
    "coordenador",
    "coordenadora",
    "coordinador",
    "coordinadora",
    "coordinateur",
    "coordinatrice",
    "coordinator",
    "directeur",
    "directrice",
    "director",
    "directora",
    "diretor",
    "diretora",
    "focal",
    "interlocuteur",
    "interlocutor",
    "manager",
    "person",
    "persona",
    "personne",
    "pessoa",
    "prenom",
    "responsable",
    "responsavel",
    "staff",
    "surname",
];

/// The little words are taken out of these, as of the columns.
const COLUMNS: &[(Field, &[&str])] = &[
    (
        Field::Id,
        &[
            "id",
            "ref",
            "reference",
            "referencia",
            "identifiant",
            "identifier",
            "identificador",
            "service id",
            "id service",
            "id servicio",
            "id servico",
        ],
    ),
    (
        Field::Organisation,
        &[
            "organisation",
            "organization",
            "organizacion",
            "organizacao",
            "nom organisation",
            "nom organization",
            "organisation name",
            "organization name",
            "name organisation",
            "name organization",
            "nombre organizacion",
            "nome organizacao",
            "organisme",
            "nom organisme",
            "structure",
            "nom structure",
            "organisation responsable",
            "structure responsable",
            "entidad",
            "entidade",
            "nombre entidad",
            "nome entidade",
            "association",
            "ong",
            "ngo",
            "provider",
            "service provider",
            "prestataire",
            "proveedor",
            "prestador",
            "agency",
            "agence",
            "institution",
            "institucion",
            "instituicao",
            "partenaire",
            "partner",
        ],
    ),
    (
        Field::Service,
        &[
            "service",
            "services",
            "servicio",
            "servicios",
            "servico",
            "servicos",
            "nom service",
            "service name",
            "name service",
            "nombre servicio",
            "nome servico",
            "service offert",
            "service propose",
            "service provided",
            "type service",
            "service type",
            "tipo servicio",
            "tipo servico",
            "intitule service",
            "activite",
            "activity",
            "actividad",
            "atividade",
        ],
    ),
    (
        Field::Description,
        &[
            "description",
            "descripcion",
            "descricao",
            "description service",
            "service description",
            "descripcion servicio",
            "descricao servico",
            "details",
            "detalles",
            "detalhes",
        ],
    ),
    (
        Field::Telephone,
        &[
            "telephone",
            "phone",
            "telefono",
            "telefone",
            "tel",
            "phone number",
            "telephone number",
            "numero telephone",
            "numero telefono",
            "numero telefone",
            "n telephone",
            "no telephone",
            "hotline",
            "contact phone",
            "contact telephone",
            "telephone contact",
            "telefono contacto",
            "telefone contacto",
            "telefone contato",
        ],
    ),
    (
        Field::Email,
        &[
            "email",
            "mail",
            "courriel",
            "adresse email",
            "adresse courriel",
            "email address",
            "mail address",
            "correo",
            "correo electronico",
            "correio eletronico",
            "correio electronico",
            "endereco email",
            "adresse mail",
            "contact email",
        ],
    ),
    (
        Field::Web,
        &[
            "web",
            "website",
            "web site",
            "site web",
            "site internet",
            "sitio web",
            "pagina web",
            "url",
            "web address",
            "adresse web",
            "page web",
            "link",
            "lien",
            "enlace",
        ],
    ),
    (
        Field::Street,
        &[
            "address",
            "adresse",
            "direccion",
            "endereco",
            "street",
            "rue",
            "calle",
            "rua",
            "street address",
            "adresse postale",
            "address 1",
            "morada",
            "adresse physique",
            "physical address",
        ],
    ),
    (
        Field::City,
        &[
            "city",
            "ville",
            "ciudad",
            "cidade",
            "town",
            "localite",
            "localidad",
            "localidade",
            "commune",
            "municipio",
            "municipality",
            "municipalite",
            "location",
            "lieu",
        ],
    ),
    (Field::Country, &["country", "pays", "pais", "country code", "code pays", "codigo pais"]),
    (
        Field::AdminArea,
        &[
            "admin area",
            "region",
            "province",
            "provincia",
            "gouvernorat",
            "governorate",
            "departement",
            "departamento",
            "department",
            "state",
            "district",
            "distrito",
            "admin1",
            "admin 1",
            "wilaya",
            "comarca",
            "regiao",
        ],
    ),
    (Field::Latitude, &["latitude", "lat", "latitud", "gps latitude", "latitude gps"]),
    (Field::Longitude, &["longitude", "lon", "long", "lng", "longitud", "gps longitude", "longitude gps"]),
    (
        Field::Status,
        &[
            "status",
            "statut",
            "estado servicio",
            "estado servico",
            "situacao",
            "etat service",
            "service status",
            "statut service",
        ],
    ),
    (
        Field::OpeningHours,
        &[
            "opening hours",
            "hours",
            "heures ouverture",
            "horaires",
            "horaire",
            "horaires ouverture",
            "horario",
            "horarios",
            "horario atencion",
            "horario atendimento",
            "hours operation",
            "horario funcionamento",
            "schedule",
            "jours horaires",
            "jours heures ouverture",
        ],
    ),
    (
        Field::Languages,
        &[
            "languages",
            "language",
            "langues",
            "langue",
            "idiomas",
            "idioma",
            "linguas",
            "lingua",
            "langues parlees",
            "languages spoken",
            "spoken languages",
            "idiomas hablados",
            "idiomas falados",
        ],
    ),
    (
        Field::Eligibility,
        &[
            "eligibility",
            "eligibilite",
            "elegibilidad",
            "elegibilidade",
            "eligibility criteria",
            "criteres eligibilite",
            "criteria",
            "criteres",
            "criterios",
            "criterios elegibilidad",
            "criterios elegibilidade",
            "public cible",
            "publics cibles",
            "population cible",
            "target population",
            "target group",
            "beneficiaires",
            "beneficiaries",
            "beneficiarios",
            "poblacion objetivo",
            "publico alvo",
            "conditions acces",
            "criteres acces",
        ],
    ),
    (
        Field::Cost,
        &[
            "cost", "costs", "cout", "couts", "costo", "coste", "custo", "price", "prix", "precio", "preco",
            "fee", "fees", "tarif", "tarifs", "tarifa", "frais",
        ],
    ),
    (
        Field::LastChecked,
        &[
            "last checked",
            "last check",
            "last verified",
            "date verification",
            "verifie",
            "derniere verification",
            "date derniere verification",
            "ultima verificacion",
            "ultima verificacao",
            "fecha verificacion",
            "data verificacao",
            "date mise jour",
            "mise jour",
            "derniere mise jour",
            "last update",
            "last updated",
            "date update",
            "updated",
            "ultima actualizacion",
            "ultima atualizacao",
            "fecha actualizacion",
            "data atualizacao",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_in_four_languages() {
        for (name, is) in [
            ("Nom de l’organisation", Some(Field::Organisation)),
            ("Organisation responsable", Some(Field::Organisation)),
            ("NOMBRE DE LA ORGANIZACIÓN", Some(Field::Organisation)),
            ("Nome do serviço", Some(Field::Service)),
            ("Ville / City", Some(Field::City)),
            ("Latitude (GPS)", Some(Field::Latitude)),
            ("Heures d'ouverture", Some(Field::OpeningHours)),
            ("Critères d'éligibilité", Some(Field::Eligibility)),
            ("Última verificación", Some(Field::LastChecked)),
            ("Correo electrónico", Some(Field::Email)),
            ("Date de mise à jour", Some(Field::LastChecked)),
            ("Ville (pays)", None),
            ("Commentaires", None),
            ("", None),
        ] {
            assert_eq!(field(name), is, "{name}");
        }
    }

    #[test]
    fn columns_that_speak_of_people_are_told_from_others() {
        for name in [
            "Personne de contact",
            "Nom du contact",
            "Focal point",
            "Téléphone du point focal",
            "Responsable",
            "Téléphone (personne de contact)",
            "Phone (focal point)",
            "Email / focal point",
        ] {
            assert!(is_person(name), "{name}");
        }
        for name in ["Organisation responsable", "Téléphone", "Contact", "Personnes accompagnées"] {
            assert!(!is_person(name), "{name}");
        }
    }

    #[test]
    fn no_name_means_two_things_or_cannot_be_met() {
        let mut names = std::collections::BTreeSet::new();
        for name in COLUMNS.iter().flat_map(|(_, names)| *names) {
            assert!(names.insert(name), "{name}");
            assert!(fold(name) == *name && known(name).is_some(), "{name}");
        }
    }
}
